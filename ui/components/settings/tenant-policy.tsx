import { useRef, useState } from 'react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { useDraft } from '../../data/draft.ts';
import { draftOfPolicy, faultsInPolicy, policyOfDraft } from '../../data/policy-draft.ts';
import type { Faults, PolicyDraft } from '../../data/policy-draft.ts';
import { policyPath, policyQuery } from '../../data/settings-queries.ts';
import type { Policy } from '../../../api/schemas/policy.ts';
import { Loading } from '../loading.tsx';
import { faultsOf, focusOnFault } from './form-faults.ts';
import { PeopleFields } from './people-fields.tsx';
import { PolicySummary } from './policy-summary.tsx';
import { ReminderFields } from './reminder-fields.tsx';
import { SaveBar } from './save-bar.tsx';
import { AccessFields, KeepingFields, NameFields } from './tenant-fields.tsx';
import { TimeZoneList } from './time-zone-field.tsx';
import { ToldFields } from './told-fields.tsx';

/** Every setting of one tenant, and in words what they do. */
export function TenantPolicy({ tenant }: { tenant: string }) {
  const policy = useQuery(policyQuery(tenant));
  if (!policy.data) return <Loading query={policy}>Loading the settings…</Loading>;
  return <PolicyForm tenant={tenant} stored={policy.data} />;
}

function PolicyForm({ tenant, stored }: { tenant: string; stored: Policy }) {
  const draft = useDraft(`policy.${tenant}`, draftOfPolicy(stored));
  const save = useSave(tenant, draft.settle);
  // Errors show once a save was tried, and go as soon as a field is right.
  const [wasTried, setWasTried] = useState(false);
  const own = faultsInPolicy(draft.value);
  const faults: Faults = wasTried ? { ...faultsOf(save.error), ...own } : {};
  const form = useRef<HTMLFormElement>(null);
  const change = (part: Partial<PolicyDraft>) => {
    if (save.error) save.reset();
    draft.change(part);
  };
  const discard = () => {
    draft.discard();
    save.reset();
    setWasTried(false);
  };
  const submit = () => {
    setWasTried(true);
    if (Object.keys(own).length > 0) return focusOnFault(form.current, own);
    save.mutate(draft.value, { onError: (error) => focusOnFault(form.current, faultsOf(error)) });
  };
  const fields = { draft: draft.value, faults, onChange: change };
  return (
    <form
      ref={form}
      noValidate
      aria-label={`Settings of ${tenant}`}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="columns settings-columns">
        <div className="column-main">
          <ToldFields {...fields} />
          <PeopleFields {...fields} />
          <ReminderFields {...fields} />
          <NameFields {...fields} tenant={tenant} />
          <AccessFields {...fields} />
          <KeepingFields {...fields} />
        </div>
        <PolicySummary draft={draft.value} />
      </div>
      <TimeZoneList />
      <SaveBar
        draft={draft}
        isSaving={save.isPending}
        error={save.error}
        faults={Object.keys(faults).length}
        onDiscard={discard}
      />
    </form>
  );
}

function useSave(tenant: string, settle: (sent: PolicyDraft, stored: PolicyDraft) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: PolicyDraft) => call<Policy>('PUT', policyPath(tenant), policyOfDraft(draft)),
    onSuccess: (answer, sent) => {
      client.setQueryData(policyQuery(tenant).queryKey, answer);
      settle(sent, draftOfPolicy(answer));
    },
  });
}
