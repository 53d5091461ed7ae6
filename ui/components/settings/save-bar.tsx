import { Button, Modal } from '@mantine/core';
import { useLeaveGuard } from '../../data/draft.ts';
import type { Draft } from '../../data/draft.ts';
import { plural } from '../../words/time.ts';
import { Notice, ProblemNotice } from '../notice.tsx';

interface SaveBarProps {
  draft: Pick<Draft<object>, 'isDirty' | 'isOutdated' | 'isRestored'>;
  isSaving: boolean;
  error: unknown;
  /** Fields with an error beside them. */
  faults: number;
  onDiscard: () => void;
}

/** The end of a form: what is unsaved, why a save failed, and that nothing is lost by it. */
export function SaveBar({ draft, isSaving, error, faults, onDiscard }: SaveBarProps) {
  const blocker = useLeaveGuard(draft.isDirty);
  const leave = () => {
    onDiscard();
    blocker.proceed?.();
  };
  return (
    <div className={draft.isDirty || isSaving ? 'save-bar save-bar-open' : 'save-bar'}>
      {error !== null && faults === 0 && <ProblemNotice error={error} />}
      {error !== null && <p className="meta">Nothing was saved; your changes are still here.</p>}
      {draft.isOutdated && !isSaving && (
        <Notice tone="warn">These settings were changed elsewhere meanwhile. Saving replaces that change.</Notice>
      )}
      <div className="actions">
        <Button type="submit" disabled={isSaving || !draft.isDirty}>
          {isSaving ? 'Saving…' : 'Save'}
        </Button>
        <Button variant="default" disabled={isSaving || !draft.isDirty} onClick={onDiscard}>
          Discard changes
        </Button>
        <span className="meta" role="status">
          {faults > 0
            ? `${plural(faults, 'field')} to correct`
            : draft.isRestored
              ? 'Your unsaved changes from before are back'
              : draft.isDirty
                ? 'Unsaved changes'
                : 'Everything is saved'}
        </span>
      </div>
      <Modal
        opened={blocker.state === 'blocked'}
        onClose={() => blocker.reset?.()}
        title="Leave without saving?"
        centered
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <div className="stack">
          <p>The changes on this page are not saved yet.</p>
          <div className="actions">
            <Button data-autofocus onClick={() => blocker.reset?.()}>
              Stay here
            </Button>
            <Button variant="subtle" className="danger" onClick={leave}>
              Leave and lose them
            </Button>
          </div>
        </div>
      </Modal>
    </div>
  );
}
