// Tải chứng từ: brings the vouchers of an earlier period here; it goes on by itself, also when this is closed.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useBooks } from "../api/books";
import { call, get, post } from "../api/client";
import { useFaults } from "../api/faults";
import type { FaultAnswer } from "../api/types";
import { useCells } from "../forms/cellcontext";
import { BranchSelect, PeriodBoxes, TypeSelect } from "../forms/choose";
import { Actions } from "../keys/actions";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { addMonths } from "../kit/day";
import { useLocale } from "../locale/locale";

const NO_FIELDS: never[] = [];

interface Job {
  job: string;
  /** waiting | running | done | failed | cancelled */
  state: string;
  done: number;
  /** 0 while not known. */
  total: number;
  faults: FaultAnswer[];
}

export function Download({ onClose }: { onClose: () => void }) {
  const { tenant, path, spec, period } = useBooks();
  const { t } = useLocale();
  const faults = useFaults(spec.faults);
  const { sources, context } = useCells(NO_FIELDS, null);
  const [from, setFrom] = useState(addMonths(period.from, -12));
  const [to, setTo] = useState(period.to);
  const [type, setType] = useState("");
  const [branch, setBranch] = useState("");
  const [job, setJob] = useState("");
  const [fault, setFault] = useState("");
  const progress = useQuery({
    queryKey: [tenant, "download", job],
    queryFn: () => get<Job>(path(`/download/${job}`)),
    enabled: job !== "",
    refetchInterval: (asked) => (isDone(asked.state.data) ? false : 1_000),
  });
  const start = async () => {
    setFault("");
    try {
      const made = await post<{ job: string }>(path("/download"), {
        from,
        to,
        types: type ? [type] : [],
        branches: branch ? [branch] : [],
      });
      setJob(String(made.job));
    } catch (error) {
      setFault(faults.line(error));
    }
  };
  const cancel = async () => {
    try {
      await call("DELETE", path(`/download/${job}`));
    } catch (error) {
      setFault(faults.line(error));
    }
    void progress.refetch();
  };
  const done = isDone(progress.data);
  const running = job !== "" && !done;
  const state = progress.data?.state;
  return (
    <Dialog
      title={t("download.title")}
      onClose={onClose}
      onAccept={() => void start()}
      onStop={running ? () => void cancel() : undefined}
      testid="download-form"
    >
      <p className="soft" style={{ marginTop: 0 }}>
        {t("download.hint")}
      </p>
      <div className="two">
        <PeriodBoxes from={from} to={to} onFrom={setFrom} onTo={setTo} context={context} sources={sources} />
        <TypeSelect value={type} onChange={setType} all={t("download.all_types")} />
        <BranchSelect value={branch} onChange={setBranch} all={t("shell.all_branches")} />
      </div>
      {fault ? <div className="banner bad">{fault}</div> : null}
      {job && progress.data ? (
        <div
          className={`banner ${state === "done" ? "good" : state === "failed" ? "bad" : done ? "wait" : "info"}`}
          role="status"
          data-testid="download-progress"
          data-state={state}
          style={{ marginTop: 12 }}
        >
          {t(
            state === "cancelled"
              ? "download.cancelled"
              : done && state === "done"
                ? "download.done"
                : "download.running",
            {
              done: progress.data.done,
              total: progress.data.total || "…",
            },
          )}
          {progress.data.faults.map((item) => ` ${faults.fault(item).sentence}`).join("")}
          {running ? <progress value={progress.data.done} max={progress.data.total || undefined} /> : null}
        </div>
      ) : null}
      <Actions
        accept={() => void start()}
        words={t("download.start")}
        refused={running ? t("list.loading") : ""}
        testid="download-start"
        close={onClose}
        closeWords={t("act.close")}
      >
        {running ? (
          <Button stop scope="dialog" act="stop" run={() => void cancel()} testid="download-cancel">
            {t("download.cancel")}
          </Button>
        ) : null}
      </Actions>
    </Dialog>
  );
}

function isDone(job: Job | undefined): boolean {
  return job !== undefined && ["done", "failed", "cancelled"].includes(job.state);
}
