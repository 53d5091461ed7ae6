import type { AccessType } from '../../../../domain/access-type.ts';
import type { ConnectSession } from '../../../../api/schemas/connect.ts';
import type { SignIn } from '../../../../api/schemas/sign-in.ts';
import { useWords } from '../speaking.tsx';

interface WaysProps {
  session: ConnectSession;
  ways: readonly SignIn[];
  onChoose: (accessType: AccessType) => void;
}

/** The accesses that an account can change to, a large button each. */
export function Ways({ session, ways, onChoose }: WaysProps) {
  const { words } = useWords();
  const { choice, change } = words;
  const own = session.channel?.access_type;
  // Most accounts that move leave the access that they have.
  const inOrder = [...ways.filter((way) => way.access_type !== own), ...ways.filter((way) => way.access_type === own)];
  return (
    <ul className="ways">
      {inOrder.map(({ access_type: type, label, hint }) => (
        <li key={type}>
          <button type="button" className="way" onClick={() => onChoose(type)}>
            <strong>{label}</strong>
            <span className="meta">{type === own ? change.sameKind : (choice.hints[type] ?? hint)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
