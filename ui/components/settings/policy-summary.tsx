import { faultsInPolicy, policyOfDraft } from '../../data/policy-draft.ts';
import type { PolicyDraft } from '../../data/policy-draft.ts';
import { describePolicy } from '../../words/policy-words.ts';

/** What the settings beside it do, in sentences: also while they are not saved. */
export function PolicySummary({ draft }: { draft: PolicyDraft }) {
  const isWhole = Object.keys(faultsInPolicy(draft)).length === 0;
  return (
    <aside className="panel policy-summary" aria-labelledby="summary">
      <h2 id="summary">What happens</h2>
      {isWhole ? (
        <ol className="steps">
          {describePolicy(policyOfDraft(draft)).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ol>
      ) : (
        <p className="hint">Said here once every field is right.</p>
      )}
    </aside>
  );
}
