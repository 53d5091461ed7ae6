import { useState } from 'react';
import { Button, Checkbox, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call, getPage } from '../../data/client.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import { ProblemNotice } from '../notice.tsx';

interface DialogProps {
  channel: Channel;
  opened: boolean;
  onClose: () => void;
}

/** Disconnecting cannot be undone, so it says what it does before it does it. */
export function DisconnectDialog({ channel, opened, onClose }: DialogProps) {
  const [erase, setErase] = useState(false);
  const client = useQueryClient();
  const disconnect = useMutation({
    mutationFn: () =>
      call('DELETE', getPage(`/v1/channels/${encodeURIComponent(channel.id)}`, { erase: erase ? 'true' : null })),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: ['channel', channel.id] });
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Disconnect ${channel.account.email}?`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <p>
          Mooring gives its access back at {channel.access.provider} where that is possible, and shreds the credentials.
          No more messages are imported. To go on later, the account has to be connected again.
        </p>
        <Checkbox
          label="Erase its stored messages too"
          checked={erase}
          onChange={(event) => setErase(event.currentTarget.checked)}
        />
        {disconnect.error && <ProblemNotice error={disconnect.error} />}
        <div className="actions">
          <Button className="danger-filled" disabled={disconnect.isPending} onClick={() => disconnect.mutate()}>
            {disconnect.isPending ? 'Disconnecting…' : erase ? 'Disconnect and erase' : 'Disconnect now'}
          </Button>
          <Button variant="default" data-autofocus onClick={onClose}>
            Keep it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
