import { useState } from 'react';
import { Button } from '@mantine/core';
import type { Channel } from '../../../../api/schemas/channels.ts';
import { ChangeDialog } from './change-dialog.tsx';

/** Moves the channel to another access of the same account. */
export function ChangeAccessButton({ channel, prominent = false }: { channel: Channel; prominent?: boolean }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant={prominent ? 'filled' : 'default'} onClick={() => setOpen(true)}>
        Change access
      </Button>
      <ChangeDialog channel={channel} opened={isOpen} onClose={() => setOpen(false)} />
    </>
  );
}
