// Bodyweight: its trend, and the next measurement.

import { useLiveQuery } from "dexie-react-hooks";
import { useState } from "react";
import { useUnit } from "../data/settings";
import { trend } from "../logic/chart";
import { fromKg, parseNumber, toKg, unitName, weight } from "../logic/units";
import { day, dayInput, fromDayInput } from "../logic/words";
import { db, sync, type UserBodyweightLog } from "../sync";
import { LineChart } from "../ui/chart";
import { useDraft } from "../ui/draft";
import { Choice, Empty, Field, Form, Loading } from "../ui/form";
import { Icon } from "../ui/icon";
import { Title } from "../ui/route";
import { attempt, say } from "../ui/toast";

const DAY_MS = 86_400_000;
/** The number of days over which the trend is averaged. */
const TREND_DAYS = 7;
const SHOWN = 10;

const RANGES = [
  ["90", "3 months"],
  ["365", "Year"],
  ["all", "All"],
] as const;

export function BodyPage() {
  const logs = useLiveQuery(() => db.userBodyweightLogs.orderBy("date").toArray());
  return (
    <>
      <div className="page-head">
        <Title>Bodyweight</Title>
      </div>
      <Measure />
      {logs === undefined ? <Loading /> : logs.length === 0 ? <Nothing /> : <Measured logs={logs} />}
    </>
  );
}

function Nothing() {
  return (
    <section className="card">
      <Empty icon="body" title="No measurements yet">
        <p>Weigh yourself at the same time of day. A few days in, the trend shows more than any single morning.</p>
      </Empty>
    </section>
  );
}

/** The contract's bound. */
const KG_MAX = 1_000;

function Measure() {
  const unit = useUnit();
  const [typed = "", setTyped] = useDraft("body.weight");
  const [date, setDate] = useState(() => dayInput(Date.now()));
  const [error, setError] = useState<string>();
  const submit = async () => {
    const value = parseNumber(typed);
    const at = date === dayInput(Date.now()) ? Date.now() : fromDayInput(date);
    if (value === undefined || at === undefined) {
      setError(at === undefined ? "Choose a day." : "Type a weight, such as 82.5.");
      return;
    }
    if (value <= 0 || toKg(value, unit) > KG_MAX) {
      setError(`Type a weight above 0 and of at most ${weight(KG_MAX, unit)}.`);
      return;
    }
    setError(undefined);
    if (await attempt(db.userBodyweightLogs.add({ id: sync.newId(), date: at, weightKg: toKg(value, unit) }))) {
      setTyped(undefined);
      say(`Logged ${weight(toKg(value, unit), unit)}.`);
    }
  };
  return (
    <Form className="card" aria-label="Log your bodyweight" onSubmit={submit}>
      <div className="fields with-button">
        <Field
          label={`Weight in ${unitName(unit)}`}
          inputMode="decimal"
          autoComplete="off"
          value={typed}
          error={error}
          onChange={(event) => setTyped(event.target.value)}
        />
        <Field
          label="Day"
          type="date"
          value={date}
          max={dayInput(Date.now())}
          onChange={(event) => setDate(event.target.value)}
        />
        <button type="submit" className="button primary">
          Log it
        </button>
      </div>
    </Form>
  );
}

function Measured({ logs }: { logs: readonly UserBodyweightLog[] }) {
  return (
    <>
      <Trend logs={logs} />
      <Measurements logs={logs} />
    </>
  );
}

function Trend({ logs }: { logs: readonly UserBodyweightLog[] }) {
  const unit = useUnit();
  const [range, setRange] = useState<(typeof RANGES)[number][0]>("365");
  const all = logs.map((log) => ({ at: log.date, value: fromKg(log.weightKg, unit) }));
  const since = range === "all" ? 0 : Date.now() - Number(range) * DAY_MS;
  const shown = all.filter((point) => point.at >= since);
  const points = shown.length > 0 ? shown : all;
  const line = trend(all, TREND_DAYS).filter((point) => point.at >= (points[0]?.at ?? 0));
  const format = (value: number) =>
    `${value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${unitName(unit)}`;
  const [first, last] = [line[0], line.at(-1)];
  const change = first && last ? last.value - first.value : 0;
  return (
    <section className="card" aria-labelledby="trend">
      <div className="card-head">
        <div>
          <h2 id="trend">Trend</h2>
          <p className="small muted">The line is the mean of {TREND_DAYS} days.</p>
        </div>
        <Choice label="Time shown" bare value={range} options={RANGES} onChange={setRange} />
      </div>
      <dl className="figures">
        <div>
          <dt>Latest</dt>
          <dd>{format(all.at(-1)?.value ?? 0)}</dd>
        </div>
        <div>
          <dt>Trend</dt>
          <dd>{format(last?.value ?? 0)}</dd>
        </div>
        <div>
          <dt>Change</dt>
          <dd>
            {change > 0 ? "+" : change < 0 ? "−" : ""}
            {format(Math.abs(change))}
          </dd>
        </div>
      </dl>
      <LineChart name="Bodyweight" points={points} line={line} format={format} />
    </section>
  );
}

function Measurements({ logs }: { logs: readonly UserBodyweightLog[] }) {
  const unit = useUnit();
  const [limit, setLimit] = useState(SHOWN);
  const remove = async (log: UserBodyweightLog) => {
    if (await attempt(db.userBodyweightLogs.delete(log.id))) {
      say("Deleted the measurement.", async () => void (await db.userBodyweightLogs.put(log)));
    }
  };
  return (
    <>
      <section className="card flush" aria-labelledby="measurements">
        <div className="card-head">
          <h2 id="measurements">Measurements</h2>
        </div>
        <ul className="list">
          {logs
            .toReversed()
            .slice(0, limit)
            .map((log) => (
              <li className="item" key={log.id}>
                <span className="grow">{day(log.date, Date.now())}</span>
                <span className="number">{weight(log.weightKg, unit)}</span>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Delete the measurement of ${day(log.date, Date.now())}`}
                  onClick={() => void remove(log)}
                >
                  <Icon name="trash" size={18} />
                </button>
              </li>
            ))}
        </ul>
      </section>
      {logs.length > limit && (
        <button type="button" className="button" onClick={() => setLimit(limit * 4)}>
          Show more of {logs.length} measurements
        </button>
      )}
    </>
  );
}
