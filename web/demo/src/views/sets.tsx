// The sets of one exercise in a workout, as an editable table.

import { useLiveQuery } from "dexie-react-hooks";
import { useExerciseNames } from "../data/exercises";
import { useUnit } from "../data/settings";
import { type Planned, planText } from "../data/templates";
import { changeSet, setsOfLastTime } from "../data/workouts";
import { estimatedOneRepMax } from "../logic/one-rep-max";
import { type Block, type Entry, entryOf, SET_TYPES, type SetType } from "../logic/sets";
import { about, fromKg, grouped, parseNumber, parseWhole, toKg, type Unit, unitName, weightText } from "../logic/units";
import { db, type LoggedSet, type WorkoutLog } from "../sync";
import { Commit } from "../ui/form";
import { Icon } from "../ui/icon";
import { Link } from "../ui/route";
import { attempt, say } from "../ui/toast";

/** The contract's bounds. */
const WEIGHT_KG_MAX = 2_000;
const REPS_MAX = 10_000;
const SECONDS_MAX = 86_400;

interface SetsProps {
  workout: WorkoutLog;
  block: Block<Planned>;
  onAdd: () => void;
}

export function Sets({ workout, block, onAdd }: SetsProps) {
  const unit = useUnit();
  const name = useExerciseNames()(block.exerciseId);
  const lastTime = useLiveQuery(() => setsOfLastTime(block.exerciseId, workout), [block.exerciseId, workout.startTime]);
  const last = lastTime?.map((set) => `${weightText(set.loggedWeightKg, unit)} × ${set.loggedReps ?? 0}`).join(", ");
  const timed = block.sets.some((set) => entryOf(set).seconds !== undefined);
  return (
    <section className="card" aria-label={name}>
      <div>
        <div className="row ends">
          <h2>
            <Link to={`/exercise/${block.exerciseId}`} className="plain">
              {name}
            </Link>
          </h2>
          {block.plan && <span className="tag good">Plan: {planText(block.plan)}</span>}
        </div>
        {last && (
          <p className="small muted one-line" title={last}>
            Last time: {last}
          </p>
        )}
      </div>
      {block.sets.length > 0 && (
        <table className={timed ? "sets timed" : "sets"}>
          <Columns unit={unit} timed={timed} />
          <tbody>
            {block.sets.map((set, index) => (
              <SetRow key={set.id} set={set} nth={index + 1} timed={timed} unit={unit} />
            ))}
          </tbody>
        </table>
      )}
      <div>
        <button type="button" className="button quiet first" aria-label={`Add a set of ${name}`} onClick={onAdd}>
          <Icon name="plus" />
          Add a set
        </button>
      </div>
    </section>
  );
}

function Columns({ unit, timed }: { unit: Unit; timed: boolean }) {
  return (
    <thead>
      <tr>
        <th className="nth" scope="col">
          <span className="visually-hidden">Set</span>
        </th>
        <th className="kind" scope="col">
          Kind
        </th>
        <th className="kg" scope="col">
          {unitName(unit)}
        </th>
        <th scope="col">Reps</th>
        {timed && <th scope="col">Secs</th>}
        <th className="estimate" scope="col">
          Est. max
        </th>
        <th className="act" scope="col">
          <span className="visually-hidden">Delete</span>
        </th>
      </tr>
    </thead>
  );
}

function SetRow({ set, nth, timed, unit }: { set: LoggedSet; nth: number; timed: boolean; unit: Unit }) {
  const { setType, loggedWeightKg, loggedReps, seconds } = entryOf(set);
  const estimate = estimatedOneRepMax(set);
  const store = (change: Partial<Entry>) => attempt(changeSet(set, change));
  /** Stores a number, or says what to type. */
  const number = async (typed: number | undefined, max: number, change: (value: number) => Partial<Entry>, example: string) => {
    if (typed === undefined || typed > max) {
      say(`Type ${example}${typed === undefined ? "" : `, at most ${grouped(max, 0)}`}.`);
      return;
    }
    await store(change(typed));
  };
  const remove = async () => {
    if (await attempt(db.loggedSets.delete(set.id))) {
      say("Deleted the set.", async () => void (await db.loggedSets.put(set)));
    }
  };
  return (
    <tr>
      <td className="nth">{nth}</td>
      <td className="kind">
        <SetTypeSelect nth={nth} value={setType} onChange={(type) => void store({ setType: type })} />
      </td>
      <td className="kg">
        <Commit
          label={`Weight of set ${nth} in ${unitName(unit)}`}
          draft={`${set.id}.weight`}
          inputMode="decimal"
          value={weightText(loggedWeightKg, unit)}
          onCommit={(text) =>
            number(parseNumber(text), fromKg(WEIGHT_KG_MAX, unit), (value) => ({ loggedWeightKg: toKg(value, unit) }), "a weight, such as 102.5")
          }
        />
      </td>
      <td>
        <Commit
          label={`Repetitions of set ${nth}`}
          draft={`${set.id}.reps`}
          inputMode="numeric"
          value={String(loggedReps)}
          onCommit={(text) => number(parseWhole(text), REPS_MAX, (value) => ({ loggedReps: value }), "a whole number of repetitions, such as 8")}
        />
      </td>
      {timed && (
        <td>
          {seconds !== undefined && (
            <Commit
              label={`Seconds of set ${nth}`}
              draft={`${set.id}.seconds`}
              inputMode="numeric"
              value={String(seconds)}
              onCommit={(text) => number(parseWhole(text), SECONDS_MAX, (value) => ({ seconds: value }), "a whole number of seconds, such as 60")}
            />
          )}
        </td>
      )}
      <td className="estimate muted">{estimate === undefined ? "–" : about(estimate, unit)}</td>
      <td className="act">
        <button type="button" className="icon-button" aria-label={`Delete set ${nth}`} onClick={() => void remove()}>
          <Icon name="trash" size={18} />
        </button>
      </td>
    </tr>
  );
}

function SetTypeSelect({ nth, value, onChange }: { nth: number; value: SetType; onChange: (type: SetType) => void }) {
  return (
    <select
      className="input"
      aria-label={`Kind of set ${nth}`}
      value={value}
      onChange={(event) => onChange(event.target.value as SetType)}
    >
      {SET_TYPES.map(([type, text]) => (
        <option key={type} value={type}>
          {text}
        </option>
      ))}
    </select>
  );
}
