// The error page for when the app cannot continue, such as when the browser does not open the database.

import { Component, type ReactNode } from "react";
import { errorText } from "./toast";

interface State {
  problem?: string;
}

export class Broken extends Component<{ children: ReactNode }, State> {
  override state: State = {};

  static getDerivedStateFromError(error: unknown): State {
    return { problem: errorText(error) };
  }

  override render(): ReactNode {
    if (this.state.problem === undefined) {
      return this.props.children;
    }
    return (
      <main className="page">
        <h1>The log cannot be shown</h1>
        <p className="notice danger" role="alert">
          {this.state.problem}
        </p>
        <p>Close other tabs of this page, see that the disk is not full, and load the page again.</p>
        <div>
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Load again
          </button>
        </div>
      </main>
    );
  }
}
