import { Button } from '@mantine/core';
import { Notice } from '../notice.tsx';
import { useWords } from './speaking.tsx';

/** The choice of a person who is sure of the password: a proxy before Exchange may be what refuses it. */
export function OtherAuthentication({ onTry }: { onTry: () => void }) {
  const { basic } = useWords().words.form;
  return (
    <Notice tone="warn" title={basic.title}>
      <p>{basic.sentence}</p>
      <Button type="button" variant="default" onClick={onTry}>
        {basic.tryIt}
      </Button>
    </Notice>
  );
}
