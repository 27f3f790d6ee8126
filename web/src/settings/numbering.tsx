// How vouchers are numbered: prefix, digits, suffix, when the count begins anew, whose count it is.
import { useBooks } from "../api/books";
import { enterGoesOn } from "../kit/focus";
import { useLocale } from "../locale/locale";

const RESETS = ["year", "month", "never"] as const;
const SCOPES = ["branch", "fund", "company"] as const;
const AFFIX_MAX = 10;

export interface Rule {
  prefix?: string;
  suffix?: string;
  digits?: number;
  reset?: string;
  scope?: string;
  shared?: boolean;
}

export type Rules = Record<string, Rule>;

interface Props {
  readonly rules: Rules;
  readonly onChange: (type: string, rule: Rule) => void;
}

export function Numbering({ rules, onChange }: Props) {
  const { spec, word } = useBooks();
  const { t } = useLocale();
  return (
    <fieldset className="panel pad" style={{ margin: 0 }} data-region="numbering" onKeyDown={enterGoesOn}>
      <h2>{t("settings.numbering")}</h2>
      <table className="compare numbering">
        <thead>
          <tr>
            <th>{t("shell.vouchers")}</th>
            <th>{t("settings.numbering_prefix")}</th>
            <th>{t("settings.numbering_digits")}</th>
            <th>{t("settings.numbering_suffix")}</th>
            <th>{t("settings.numbering_reset")}</th>
            <th>{t("settings.numbering_scope")}</th>
            <th title={t("settings.numbering_shared_hint")}>{t("settings.numbering_shared")}</th>
          </tr>
        </thead>
        <tbody>
          {spec.voucher_types.map((type) => {
            const rule: Rule = { ...type.numbering, ...rules[type.code] };
            const change = (value: Rule) => onChange(type.code, { ...rule, ...value });
            const label = (name: string) => `${type.title}: ${name}`;
            return (
              <tr key={type.code}>
                <td>{type.title}</td>
                <td>
                  <input
                    className="box"
                    aria-label={label(t("settings.numbering_prefix"))}
                    value={rule.prefix ?? ""}
                    maxLength={AFFIX_MAX}
                    data-stop=""
                    onChange={(event) => change({ prefix: event.target.value })}
                  />
                </td>
                <td>
                  <input
                    className="box figure"
                    aria-label={label(t("settings.numbering_digits"))}
                    inputMode="numeric"
                    value={String(rule.digits)}
                    data-stop=""
                    onChange={(event) =>
                      /^\d{0,2}$/.test(event.target.value) && change({ digits: Number(event.target.value) })
                    }
                  />
                </td>
                <td>
                  <input
                    className="box"
                    aria-label={label(t("settings.numbering_suffix"))}
                    value={rule.suffix ?? ""}
                    maxLength={AFFIX_MAX}
                    data-stop=""
                    onChange={(event) => change({ suffix: event.target.value })}
                  />
                </td>
                <td>
                  <select
                    className="box"
                    aria-label={label(t("settings.numbering_reset"))}
                    value={rule.reset}
                    data-stop=""
                    onChange={(event) => change({ reset: event.target.value })}
                  >
                    {RESETS.map((reset) => (
                      <option key={reset} value={reset}>
                        {t(`settings.reset_${reset}`)}
                      </option>
                    ))}
                  </select>
                </td>
                <td>
                  <select
                    className="box"
                    aria-label={label(t("settings.numbering_scope"))}
                    value={rule.scope ?? "branch"}
                    data-stop=""
                    onChange={(event) => change({ scope: event.target.value })}
                  >
                    {SCOPES.map((scope) => (
                      <option key={scope} value={scope}>
                        {word(["choice", "scope", scope], t(`settings.scope_${scope}`))}
                      </option>
                    ))}
                  </select>
                </td>
                <td>
                  <input
                    type="checkbox"
                    aria-label={label(t("settings.numbering_shared"))}
                    checked={rule.shared === true}
                    data-stop=""
                    onChange={(event) => change({ shared: event.target.checked })}
                  />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="soft">{t("settings.numbering_shared_hint")}</p>
    </fieldset>
  );
}
