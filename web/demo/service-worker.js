// Keeps the app's own files, so that the page opens without a network. Records are none of its business: they are in the database.
// The build puts the names of its files in place of FILES, so each build has a cache of its own.

const files = FILES;
const cacheName = `stronglog-demo ${files.join(" ")}`;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("stronglog-demo ") && name !== cacheName;
  const clean = async () => Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
  event.waitUntil(clean().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.mode === "navigate" && !pathname.startsWith("/docs")) {
    // The server first: it may have a newer page, or be another app on the same address.
    event.respondWith(fetch(request).catch(async () => (await caches.match("/", { cacheName, ignoreVary: true })) ?? Response.error()));
  } else if (origin === location.origin && files.includes(pathname)) {
    // The server varies answers to its API by origin; a file is the same for all, and a script asks with an origin where `addAll` did not.
    event.respondWith(caches.match(request, { cacheName, ignoreVary: true }).then((kept) => kept ?? fetch(request)));
  }
});
