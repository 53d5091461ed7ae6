import { useRef, useState } from 'react';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { brandingOfDraft, draftOfBranding, faultsInBranding, validBranding } from '../../data/branding-draft.ts';
import type { BrandingDraft } from '../../data/branding-draft.ts';
import { useDraft } from '../../data/draft.ts';
import type { Faults } from '../../data/policy-draft.ts';
import { brandingQuery, logoPreviewQuery } from '../../data/settings-queries.ts';
import type { Branding } from '../../../api/schemas/branding.ts';
import { faultsOf, focusOnFault } from '../settings/form-faults.ts';
import { Loading } from '../loading.tsx';
import { SaveBar } from '../settings/save-bar.tsx';
import { BrandingFields } from './branding-fields.tsx';
import { ConnectPreview } from './connect-preview.tsx';
import { MailPreview } from './mail-preview.tsx';
import { FIRST_LOOK, LookChoice } from './preview-look.tsx';

/** The installation's name, logo and colour, and beside them what people will see. */
export function BrandingSettings() {
  const branding = useQuery(brandingQuery);
  if (!branding.data) return <Loading query={branding}>Loading the branding…</Loading>;
  return <BrandingForm stored={branding.data} />;
}

/** How long typing rests before the logo is fetched, in ms. */
const FETCH_AFTER_MS = 600;

function BrandingForm({ stored }: { stored: Branding }) {
  const draft = useDraft('branding', draftOfBranding(stored));
  const save = useSave(draft.settle);
  const [wasTried, setWasTried] = useState(false);
  const shown = validBranding(draft.value);
  const [logoUrl] = useDebouncedValue(shown.logo_url, FETCH_AFTER_MS);
  const logo = useQuery(logoPreviewQuery(logoUrl));
  const own = faultsInBranding(draft.value);
  const faults: Faults = {
    ...(logo.data === null && { logo_url: NO_LOGO }),
    ...(wasTried && { ...faultsOf(save.error), ...own }),
  };
  const form = useRef<HTMLFormElement>(null);
  const submit = () => {
    setWasTried(true);
    if (Object.keys(own).length > 0) return focusOnFault(form.current, own);
    save.mutate(draft.value, { onError: (error) => focusOnFault(form.current, faultsOf(error)) });
  };
  return (
    <form
      ref={form}
      noValidate
      aria-label="Branding"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="branding-columns">
        <BrandingFields
          draft={draft.value}
          faults={faults}
          onChange={(part) => {
            if (save.error) save.reset();
            draft.change(part);
          }}
        />
        <Preview branding={shown} logo={logo.data ?? null} />
      </div>
      <SaveBar
        draft={draft}
        isSaving={save.isPending}
        error={save.error}
        faults={wasTried ? Object.keys({ ...faultsOf(save.error), ...own }).length : 0}
        onDiscard={() => {
          draft.discard();
          save.reset();
          setWasTried(false);
        }}
      />
    </form>
  );
}

const NO_LOGO =
  'Mooring cannot load an image from here: it needs a public address, one of the five formats, and 512 KiB at most.';

function useSave(settle: (sent: BrandingDraft, stored: BrandingDraft) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: BrandingDraft) => call<Branding>('PUT', '/v1/branding', brandingOfDraft(draft)),
    onSuccess: (answer, sent) => {
      client.setQueryData(brandingQuery.queryKey, answer);
      settle(sent, draftOfBranding(answer));
    },
  });
}

function Preview({ branding, logo }: { branding: Branding; logo: string | null }) {
  const [look, setLook] = useState(FIRST_LOOK);
  return (
    <section className="panel preview" aria-labelledby="preview">
      <h2 id="preview">Preview</h2>
      <LookChoice look={look} onChange={(part) => setLook({ ...look, ...part })} />
      {look.subject === 'mail' ? (
        <MailPreview branding={branding} look={look} />
      ) : (
        <div className="preview-stage">
          <ConnectPreview branding={branding} logo={logo} look={look} />
        </div>
      )}
    </section>
  );
}
