// A module that exports what it gets from the package: the declarations of the app name its types.

import { collections, createSync } from "stronglog-sync";

export const sync = createSync({ baseUrl: location.origin });

export const references = collections.map((collection) => collection.references);

export const notes = createSync<{ notes: { id: string } }>({ baseUrl: location.origin, contract: { collections, stores: {}, data: {} }, name: "notes" });
