// Routing: the path in the address bar is the only state.

import { type AnchorHTMLAttributes, type MouseEvent, useEffect, useRef, useSyncExternalStore } from "react";

const MOVED = "stronglog:moved";

/** Whether the user has navigated since the page was loaded. */
let moved = false;

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

function subscribe(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(MOVED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(MOVED, listener);
  };
}

export function navigate(path: string): void {
  if (path !== location.pathname) {
    moved = true;
    history.pushState(null, "", path);
    scrollTo(0, 0);
    dispatchEvent(new Event(MOVED));
  }
}

type LinkProps = { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>;

/** A link within the app. With a modifier key, the browser handles it. */
export function Link({ to, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (!(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      navigate(to);
    }
  };
  return <a {...rest} href={to} onClick={follow} />;
}

/** The heading of a page: its title, which receives the focus when the user navigates to the page. */
export function Title({ children }: { children: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · StrongLog`;
  }, [children]);
  useEffect(() => {
    if (moved) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** The page of a record that no longer exists, with a link to continue. */
export function Gone({ what, to, toWhat }: { what: string; to: string; toWhat: string }) {
  return (
    <>
      <Title>{`No such ${what}`}</Title>
      <p>
        It was deleted, here or on another device. <Link to={to}>{`To ${toWhat}`}</Link>
      </p>
    </>
  );
}
