// The keys of this screen, read from the same records the keys are heard by.

import { useMemo } from "react";
import { Dialog } from "../keys/dialog";
import type { Act, Scope } from "../keys/keymap";
import { PRESETS } from "../keys/keymap";
import { useKeys } from "../keys/layers";
import { useLocale } from "../locale/locale";

const ORDER: readonly Scope[] = ["voucher", "grid", "list", "report", "page", "app"];

export function KeySheet({ onClose }: { onClose: () => void }) {
  const { keymap, preset, setPreset, offered } = useKeys();
  const { t, language } = useLocale();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the screen it was opened over
  const [scopes, keysOf] = useMemo(() => {
    const acts = offered();
    const here = new Set(acts.map((item) => item.scope));
    if (here.has("voucher")) here.add("grid");
    const ids = new Set(acts.map((item) => `${item.scope}.${item.id}`));
    const shown = ORDER.filter((scope) => here.has(scope));
    // A key that an inner scope hears never comes to an outer one.
    const taken = new Map<string, string>();
    for (const act of acts) for (const key of act.keys) if (!taken.has(key)) taken.set(key, act.scope);
    // Cells and boxes of a voucher hear their own keys; elsewhere a key is told where it does something.
    const heard = ({ scope, id, keys }: Act) =>
      scope === "voucher" || scope === "grid"
        ? keys
        : ids.has(`${scope}.${id}`)
          ? keys.filter((key) => taken.get(key) === scope)
          : [];
    return [shown, heard] as const;
  }, []);
  return (
    <Dialog title={t("keys.title")} onClose={onClose} size="xl" testid="key-sheet">
      <div className="row-flex">
        <span className="soft">{t("keys.preset")}</span>
        {Object.keys(PRESETS).map((name) => (
          <label key={name} className="check">
            <input type="radio" name="preset" checked={preset === name} onChange={() => setPreset(name)} data-stop="" />
            {name === "misa" ? t("keys.misa") : t("keys.standard")}
          </label>
        ))}
      </div>
      <div className="key-sheet">
        {scopes.map((scope) => (
          <section key={scope}>
            <h3>{t(`keys.scope.${scope}`)}</h3>
            <dl>
              {[...keymap.values()]
                .filter((act) => act.scope === scope && keysOf(act).length)
                .map((act) => (
                  <div key={act.id} style={{ display: "contents" }}>
                    <dt>{act[language]}</dt>
                    <dd>
                      {keysOf(act).map((key) => (
                        <kbd key={key} style={{ marginLeft: 4 }}>
                          {key}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
