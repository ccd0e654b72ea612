// The files and streams of this machine, for the compiler. An error is thrown as text: its code, a space, and the message of the native
// command.

import { mkdirSync, readFileSync, readSync, readdirSync, realpathSync, renameSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import { randomFillSync } from "node:crypto";

/** The operating system's message for an error. Node has its own messages. */
const WORDS = {
  EACCES: "Permission denied",
  EEXIST: "File exists",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  ENOTEMPTY: "Directory not empty",
  EPERM: "Operation not permitted",
  EPIPE: "Broken pipe",
  EROFS: "Read-only file system",
};

/** Makes a function throw its errors as text. */
function translated(act) {
  return (...given) => {
    try {
      return act(...given);
    } catch (error) {
      const words = WORDS[error.code];
      throw `${error.code} ${words === undefined ? error.message : `${words} (os error ${-error.errno})`}`;
    }
  };
}

/** A path with slashes, which the compiler uses on every system. */
export const slashed = (text) => (process.platform === "win32" ? text.replaceAll("\\", "/") : text);

export const read = translated((file) => readFileSync(file));
export const canonicalize = translated((path) => slashed(realpathSync.native(path)));
/** The names of the entries of a folder. The names of folders end with a slash. */
export const list = translated((folder) =>
  readdirSync(folder, { withFileTypes: true }).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)),
);
export const createFolder = translated((folder) => void mkdirSync(folder, { recursive: true }));
export const write = translated((file, text) => writeFileSync(file, text));
export const rename = translated((from, to) => renameSync(from, to));
export const remove = translated((file) => unlinkSync(file));

/** Retries an operation for which a stream was not ready. */
function whenReady(act) {
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (error.code !== "EAGAIN") {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The next bytes of standard input; none at its end. */
export const readInput = translated((sizeMax) => {
  const buffer = new Uint8Array(sizeMax);
  return buffer.subarray(0, whenReady(() => readSync(0, buffer)));
});

/** Writes bytes to standard output, 1, or standard error, 2, and returns how many were written. */
export const print = translated((stream, bytes) => whenReady(() => writeSync(stream, bytes)));

/** Whether a stream shows colours. */
export function hasColors(stream) {
  const terminal = stream === 1 ? process.stdout : process.stderr;
  return terminal.isTTY === true && terminal.hasColors();
}

/** Random bits. */
export function random() {
  return randomFillSync(new BigUint64Array(1))[0];
}
