// Labelled inputs, dialogs, choices and empty states.

import { type FormHTMLAttributes, type InputHTMLAttributes, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { useDraft } from "./draft";
import { Icon, type IconName } from "./icon";
import { useOnce } from "./once";

interface FormProps extends Omit<FormHTMLAttributes<HTMLFormElement>, "onSubmit"> {
  onSubmit: () => Promise<unknown>;
}

/** A form that is submitted once, however fast its button is pressed. */
export function Form({ onSubmit, ...form }: FormProps) {
  const once = useOnce();
  return (
    <form
      noValidate
      {...form}
      onSubmit={(event) => {
        event.preventDefault();
        void once(onSubmit);
      }}
      onClick={(event) => {
        // The second click of a double click may arrive after the first submit is done.
        if (event.detail > 1 && (event.target as Element).closest("button[type=submit]")) {
          event.preventDefault();
        }
      }}
    />
  );
}

type FieldProps = { label: string; hint?: string; error?: string | undefined } & InputHTMLAttributes<HTMLInputElement>;

/** A text input with its label above, and a hint or an error below. */
export function Field({ label, hint, error, ...input }: FieldProps) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        className="input"
        aria-invalid={error !== undefined}
        aria-describedby={below ? `${id}-below` : undefined}
      />
      {below && (
        <p id={`${id}-below`} className={error ? "error" : "hint"}>
          {below}
        </p>
      )}
    </div>
  );
}

interface SelectProps<T extends string> {
  label: string;
  /** Whether the label is only for screen readers, because its context shows it visually. */
  bare?: boolean;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

export function Select<T extends string>({ label, bare, value, options, onChange }: SelectProps<T>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className={bare ? "visually-hidden" : undefined}>
        {label}
      </label>
      <select id={id} className="input" value={value} onChange={(event) => onChange(event.target.value as T)}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** A choice between a few options, side by side. */
export function Choice<T extends string>({ label, bare, value, options, onChange }: SelectProps<T>) {
  const name = useId();
  return (
    <fieldset className="field">
      <legend className={bare ? "visually-hidden" : "label"}>{label}</legend>
      <div>
        <div className="segmented">
          {options.map(([option, text]) => (
            <label key={option}>
              <input type="radio" name={name} checked={option === value} onChange={() => onChange(option)} />
              {text}
            </label>
          ))}
        </div>
      </div>
    </fieldset>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** A modal dialog that is open while it is rendered. Escape or a click outside closes it. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Closed before it is removed: only then the focus returns to the previous element.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>(".dialog-body :is(input, select, textarea)")?.focus();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

interface EmptyProps {
  icon: IconName;
  title: string;
  children: ReactNode;
}

/** An empty state, with a way to add the first entry. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <h3>{title}</h3>
      {children}
    </div>
  );
}

export function Loading() {
  return <p className="loading">Reading the log…</p>;
}

interface CommitProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value"> {
  label: string;
  /** The key of the draft that keeps the typed text until it is stored. */
  draft: string;
  value: string;
  /** Stores the typed text, if it is valid. The input then shows the stored text, whether or not it changed. */
  onCommit: (text: string) => Promise<unknown>;
}

/** An input without a visible label; its text is stored when the input loses focus or Enter is pressed. */
export function Commit({ label, draft, value, onCommit, ...input }: CommitProps) {
  const [typed, setTyped] = useDraft(draft);
  const latest = useRef(typed);
  latest.current = typed;
  const leave = async () => {
    if (typed !== undefined && typed !== value) {
      await onCommit(typed);
    }
    // Text that was typed in the meantime is kept.
    if (latest.current === typed) {
      setTyped(undefined);
    }
  };
  // Stores the text that was typed when the page was closed.
  useEffect(() => {
    if (typed !== undefined) {
      void leave();
    }
  }, []);
  return (
    <input
      {...input}
      className="input"
      aria-label={label}
      value={typed ?? value}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setTyped(event.target.value)}
      onBlur={() => void leave()}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          event.currentTarget.blur();
        } else if (event.key === "Escape") {
          setTyped(undefined);
        }
      }}
    />
  );
}
