import { INDIVIDUAL_CHOICES, SHARED_CHOICES } from '../../words/policy-words.ts';
import type { Told } from '../../words/policy-words.ts';
import type { PolicyFieldsProps } from './fields.ts';

/** Who gets the mail when a channel breaks, by kind of channel. */
export function ToldFields({ draft, onChange }: Omit<PolicyFieldsProps, 'faults'>) {
  return (
    <section className="panel" aria-labelledby="told">
      <h2 id="told">Who is told</h2>
      <p className="hint">
        A person is told when a channel needs one: a sign-in, or an administrator’s consent. Each mail says why it came.
      </p>
      <div className="told-fields">
        <ToldChoice
          name="individual"
          legend="Of individual channels"
          choices={INDIVIDUAL_CHOICES}
          chosen={draft.individual}
          onChoose={(individual) => onChange({ individual })}
        />
        <ToldChoice
          name="shared"
          legend="Of shared channels"
          choices={SHARED_CHOICES}
          chosen={draft.shared}
          onChoose={(shared) => onChange({ shared })}
        />
      </div>
    </section>
  );
}

interface ChoiceProps {
  name: string;
  legend: string;
  choices: Record<Told, { word: string; hint: string }>;
  chosen: Told;
  onChoose: (told: Told) => void;
}

function ToldChoice({ name, legend, choices, chosen, onChoose }: ChoiceProps) {
  return (
    <fieldset className="choices">
      <legend>{legend}</legend>
      {(Object.keys(choices) as Told[]).map((told) => (
        <label key={told} className="choice">
          <input type="radio" name={name} checked={told === chosen} onChange={() => onChoose(told)} />
          <span>
            <strong>{choices[told].word}</strong>
            <span className="meta">{choices[told].hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
