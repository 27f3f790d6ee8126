// Nothing half-typed is dropped without a question: one guard for every way out of a screen.
import {
  createContext,
  type ReactNode,
  type RefObject,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { keepDoor } from "../kit/place";
import { useLocale } from "../locale/locale";
import { Button } from "./button";
import { Dialog } from "./dialog";

/** What a screen would lose. After `drop` it has nothing to lose any more. */
export interface Unsaved {
  readonly changed: () => boolean;
  readonly drop: () => void;
}

interface Leaving {
  readonly watch: (unsaved: RefObject<Unsaved>) => () => void;
  /** Goes on at once, or asks where something typed would be dropped. */
  readonly leave: (go: () => void) => void;
}

const LeaveContext = createContext<Leaving | null>(null);

export function LeaveProvider({ children }: { children: ReactNode }) {
  const { t } = useLocale();
  const watched = useRef<readonly RefObject<Unsaved>[]>([]);
  const [going, setGoing] = useState<(() => void) | null>(null);
  const anyChanged = useCallback(() => watched.current.some((item) => item.current.changed()), []);

  useEffect(
    () =>
      keepDoor((go) => {
        if (!anyChanged()) return false;
        setGoing(() => go);
        return true;
      }),
    [anyChanged],
  );
  useEffect(() => {
    // Closing or reloading the tab: only the browser itself may ask then.
    const hear = (event: BeforeUnloadEvent) => {
      if (anyChanged()) event.preventDefault();
    };
    window.addEventListener("beforeunload", hear);
    return () => window.removeEventListener("beforeunload", hear);
  }, [anyChanged]);

  const value = useMemo<Leaving>(
    () => ({
      watch: (unsaved) => {
        watched.current = [...watched.current, unsaved];
        return () => {
          watched.current = watched.current.filter((item) => item !== unsaved);
        };
      },
      leave: (go) => (anyChanged() ? setGoing(() => go) : go()),
    }),
    [anyChanged],
  );
  const stay = () => setGoing(null);
  const drop = () => {
    setGoing(null);
    for (const item of watched.current) item.current.drop();
    // The dialog gives the focus back first; then nothing has it, and the screen gone to may take it.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        (document.activeElement as HTMLElement | null)?.blur();
        going?.();
      }),
    );
  };
  return (
    <LeaveContext.Provider value={value}>
      {children}
      {going ? (
        <Dialog title={t("voucher.changed")} onClose={stay} testid="leaving">
          <div className="actions">
            <Button stop first look="primary" run={stay} testid="leaving-stay">
              {t("voucher.stay")}
            </Button>
            <Button stop look="danger" run={drop} testid="leaving-drop">
              {t("voucher.drop")}
            </Button>
          </div>
        </Dialog>
      ) : null}
    </LeaveContext.Provider>
  );
}

function useLeaving(): Leaving {
  const leaving = useContext(LeaveContext);
  if (!leaving) throw new Error("LeaveProvider is missing");
  return leaving;
}

/** Runs what would take the screen away, after the question where one is due. */
export function useLeave(): Leaving["leave"] {
  return useLeaving().leave;
}

/** Says what this screen would lose, for as long as it is there. */
export function useUnsaved(unsaved: Unsaved): void {
  const { watch } = useLeaving();
  const held = useRef(unsaved);
  held.current = unsaved;
  useEffect(() => watch(held), [watch]);
}
