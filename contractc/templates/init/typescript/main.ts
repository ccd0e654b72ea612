// The page: the notes, the state of sync, and the account.

import { liveQuery } from "dexie";
import { addNote, sync } from "./sync.js";

const element = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;

liveQuery(() => sync.db.notes.toArray()).subscribe((notes) => {
  const items = notes.map((note) => {
    const item = document.createElement("li");
    item.textContent = note.text;
    return item;
  });
  element("notes").replaceChildren(...items);
});

function showStatus(): void {
  const { state, pending, account } = sync.status.getSnapshot();
  element("state").textContent = `${state}, ${pending} waiting`;
  element("account").hidden = account !== null;
}
sync.status.subscribe(showStatus);
showStatus();

element<HTMLFormElement>("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  void addNote(String(new FormData(form).get("text"))).then(() => form.reset());
});

element<HTMLFormElement>("account").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  const credentials = { email: String(form.get("email")), password: String(form.get("password")) };
  const isNew = (event.submitter as HTMLButtonElement | null)?.value === "signUp";
  const done = isNew ? sync.signUp(credentials) : sync.signIn(credentials);
  done.catch((error: Error) => {
    element("refused").textContent = error.message;
  });
});

// For the browser's console.
Object.assign(window, { sync });
