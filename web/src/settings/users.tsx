// People of the company: three fixed roles, and the branches they may work in. They belong to the cloud.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useLocation } from "wouter";
import { useBooks } from "../api/books";
import { get, put } from "../api/client";
import { type ToldFault, useFaults } from "../api/faults";
import type { Person } from "../api/types";
import { Actions } from "../keys/actions";
import { Button } from "../keys/button";
import { Dialog } from "../keys/dialog";
import { useScope } from "../keys/layers";
import { movedIndex, Table, type TableHandle } from "../kit/table";
import { useTell } from "../kit/toast";
import { useLocale } from "../locale/locale";

const ROLES = ["admin", "chief_accountant", "accountant"] as const;

type People = Person[] | { items?: Person[]; people?: Person[]; users?: Person[] };

function listOf(people: People | undefined): Person[] {
  if (!people) return [];
  return Array.isArray(people) ? people : (people.items ?? people.people ?? people.users ?? []);
}

export function Users() {
  const { tenant, path, spec, sync, word } = useBooks();
  const { t } = useLocale();
  const client = useQueryClient();
  const tell = useTell();
  const faults = useFaults(spec.faults);
  const [, navigate] = useLocation();
  const people = useQuery({ queryKey: [tenant, "users"], queryFn: () => get<People>(path("/users")) });
  const rows = listOf(people.data);
  const [current, setCurrent] = useState(0);
  const [editing, setEditing] = useState<Person | null>(null);
  const table = useRef<TableHandle>(null);
  const refused = sync?.online === false ? t("users.online_only") : ""; // not known yet: the server decides
  const nobody: Person = { user: "", name: "", role: "accountant", branches: [], active: true };
  const open = (index: number) => rows[index] && setEditing(rows[index]);
  const move = (act: string) => () =>
    setCurrent(movedIndex(act, current, rows.length, table.current?.rowsShown() ?? 10));
  useScope("list", {
    new: { run: () => setEditing(nobody), refused },
    edit: { run: () => open(current), refused },
    open: () => open(current),
    ...Object.fromEntries(["up", "down", "first", "last"].map((act) => [act, move(act)])),
    close: () => navigate("/"),
  });
  const branchNames = (ids: readonly string[]) =>
    ids.length
      ? ids.map((id) => spec.branches.find((item) => item.id === id)?.name ?? "…").join(", ")
      : t("users.all_branches");
  return (
    <section className="page" data-regions="" data-testid="users">
      <div className="page-head">
        <h1>{t("users.title")}</h1>
        <Button look="primary" scope="list" act="new" run={() => setEditing(nobody)} refused={refused} testid="new">
          {t("users.new")}
        </Button>
        <Button
          scope="list"
          act="edit"
          run={() => open(current)}
          refused={refused || (rows.length ? "" : t("act.nothing"))}
        >
          {t("act.edit")}
        </Button>
      </div>
      {refused ? <div className="banner wait">{refused}</div> : null}
      <div data-region="list" style={{ display: "contents" }}>
        <Table
          handle={table}
          label={t("users.title")}
          testid="people"
          first
          rows={rows}
          rowKey={(person) => person.user}
          current={Math.min(current, rows.length - 1)}
          rowClass={(person) => (person.active ? "" : "carry")}
          onCurrent={setCurrent}
          onOpen={open}
          columns={[
            { name: "user", label: t("login.user"), width: 160, cell: (person) => person.user },
            { name: "name", label: t("users.name"), width: 220, flexible: true, cell: (person) => person.name },
            {
              name: "role",
              label: t("users.role"),
              width: 160,
              cell: (person) => word(["role", person.role], person.role),
            },
            {
              name: "branches",
              label: t("users.branches"),
              width: 260,
              flexible: true,
              cell: (person) => branchNames(person.branches),
            },
            {
              name: "active",
              label: t("users.active"),
              width: 130,
              cell: (person) => (person.active ? "✓" : t("catalog.stopped")),
            },
          ]}
          empty={people.isError ? faults.line(people.error) : t("list.loading")}
        />
      </div>
      {editing ? (
        <PersonForm
          person={editing}
          onClose={() => setEditing(null)}
          onSave={async (person, password) => {
            const { user, ...body } = person;
            try {
              await put(path(`/users/${encodeURIComponent(user)}`), { ...body, ...(password ? { password } : {}) });
              setEditing(null);
              tell("good", t("catalog.saved", { name: person.name }));
              void client.invalidateQueries({ queryKey: [tenant, "users"] });
              return [];
            } catch (error) {
              return faults.problem(error);
            }
          }}
        />
      ) : null}
    </section>
  );
}

function PersonForm({
  person,
  onClose,
  onSave,
}: {
  person: Person;
  onClose: () => void;
  onSave: (person: Person, password: string) => Promise<readonly ToldFault[]>;
}) {
  const { spec, word } = useBooks();
  const { t } = useLocale();
  const [draft, setDraft] = useState(person);
  const [password, setPassword] = useState("");
  const [told, setTold] = useState<readonly ToldFault[]>([]);
  const faults = useFaults(spec.faults);
  const boxes = useRef<HTMLDivElement>(null);
  const isNew = person.user === "";
  const save = async () => {
    const person = { ...draft, user: draft.user.trim(), name: draft.name.trim() };
    const needed = { user: person.user, name: person.name, password: isNew ? password : "kept" };
    const empty = Object.entries(needed).filter(([, value]) => !value);
    const found = empty.length
      ? empty.map(([field]) => faults.fault({ code: "FIELD_REQUIRED", field }))
      : await onSave(person, password);
    setTold(found);
    boxes.current?.querySelector<HTMLElement>(`[data-testid=person-${found[0]?.field || "none"}]`)?.focus();
  };
  const faulty = (field: string) => told.some((fault) => fault.field === field) || undefined;
  const named = { user: t("login.user"), name: t("users.name"), password: t("users.password") };
  const saying = (fault: ToldFault) => {
    const place = named[fault.field as keyof typeof named];
    return `${place ? `${place}: ` : ""}${fault.sentence} ${fault.cure}`.trim();
  };
  const change = (value: Partial<Person>) => setDraft((old) => ({ ...old, ...value }));
  return (
    <Dialog
      title={isNew ? t("users.new") : t("users.edit", { user: person.user })}
      onClose={onClose}
      onAccept={() => void save()}
      testid="person"
    >
      <div className="two" ref={boxes}>
        <label>
          <span className="label">
            {t("login.user")}
            <span className="must">*</span>
          </span>
          <input
            className="box"
            value={draft.user}
            readOnly={!isNew}
            data-autofocus={isNew || undefined}
            data-stop=""
            aria-invalid={faulty("user")}
            data-testid="person-user"
            onChange={(event) => change({ user: event.target.value })}
          />
        </label>
        <label>
          <span className="label">
            {t("users.name")}
            <span className="must">*</span>
          </span>
          <input
            className="box"
            value={draft.name}
            data-stop=""
            aria-invalid={faulty("name")}
            data-testid="person-name"
            onChange={(event) => change({ name: event.target.value })}
          />
        </label>
        <label>
          <span className="label">{t("users.role")}</span>
          <select
            className="box"
            value={draft.role}
            data-stop=""
            data-testid="person-role"
            onChange={(event) => change({ role: event.target.value })}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {word(["role", role], t(`role.${role}`))}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span className="label">
            {t("users.password")}
            {isNew ? <span className="must">*</span> : null}
          </span>
          <input
            className="box"
            type="password"
            autoComplete="new-password"
            value={password}
            placeholder={isNew ? "" : t("users.password_keep")}
            data-stop=""
            aria-invalid={faulty("password")}
            data-testid="person-password"
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        <fieldset className="wide" style={{ border: 0, padding: 0, margin: 0 }}>
          <legend className="label">{t("users.branches")}</legend>
          <div className="row-flex" style={{ flexWrap: "wrap" }}>
            <label className="check">
              <input
                type="checkbox"
                checked={draft.branches.length === 0}
                onChange={() => change({ branches: [] })}
                data-stop=""
              />
              {t("users.all_branches")}
            </label>
            {spec.branches.map((item) => (
              <label key={item.id} className="check">
                <input
                  type="checkbox"
                  data-stop=""
                  checked={draft.branches.includes(item.id)}
                  onChange={(event) =>
                    change({
                      branches: event.target.checked
                        ? [...draft.branches, item.id]
                        : draft.branches.filter((id) => id !== item.id),
                    })
                  }
                />
                {item.name || item.code}
              </label>
            ))}
          </div>
        </fieldset>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.active}
            data-stop=""
            onChange={(event) => change({ active: event.target.checked })}
          />
          {t("users.active")}
        </label>
      </div>
      {told.length ? (
        <div className="banner bad" role="alert" style={{ marginTop: 10 }} data-testid="person-fault">
          {told.map((fault) => (
            <div key={`${fault.field}${fault.code}`}>{saying(fault)}</div>
          ))}
        </div>
      ) : null}
      <Actions
        accept={() => void save()}
        words={t("act.save")}
        testid="person-save"
        close={onClose}
        closeWords={t("act.cancel")}
      />
    </Dialog>
  );
}
