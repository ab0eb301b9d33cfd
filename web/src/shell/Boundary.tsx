// Catches what a page did not expect, says so, and leaves the rest of the page standing.
import { Component, type ReactNode } from "react";
import { Failed } from "../kit/Failed";

export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return <section className="card"><Failed error={this.state.error} what="This page can't be drawn" still="The other rooms work." onAgain={() => this.setState({ error: null })} /></section>;
  }
}
