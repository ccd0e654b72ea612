// The page of the second contract: its lists, on all of a person's devices.

import { liveQuery } from "dexie";
import { createSync } from "stronglog-sync";
import data from "../generated/contract.json";
import * as stores from "../generated/typescript/stores.js";

const sync = createSync<stores.Records>({ contract: { ...stores, data }, baseUrl: location.origin, name: "todo" });

const element = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;

liveQuery(() => sync.db.lists.orderBy("title").toArray()).subscribe((lists) => {
  const items = lists.map((list) => {
    const item = document.createElement("li");
    item.textContent = list.title;
    item.style.color = list.color;
    return item;
  });
  element("lists").replaceChildren(...items);
});

sync.status.subscribe(() => {
  const { state, pending } = sync.status.getSnapshot();
  element("state").textContent = `${state}, ${pending} waiting`;
});

element<HTMLFormElement>("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const title = String(new FormData(form).get("title"));
  void sync.db.lists.add({ title, color: "green" }).then(() => form.reset());
});

Object.assign(window, { sync, todo: sync });
