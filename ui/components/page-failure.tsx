import { Component } from 'react';
import type { ReactNode } from 'react';
import { Button } from '@mantine/core';
import { Notice } from './notice.tsx';

/** A page that could not be loaded, or broke: without this, nothing at all would be shown. */
export class PageFailure extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="narrow">
        <Notice tone="bad" title="This page cannot be shown">
          It could not be loaded whole, or something in it broke. Nothing was changed.
        </Notice>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
      </main>
    );
  }
}
