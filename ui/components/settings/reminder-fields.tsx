import { Checkbox, TextInput } from '@mantine/core';
import { fieldAt, valueOf } from './fields.ts';
import type { PolicyFieldsProps } from './fields.ts';
import { TimeZoneField } from './time-zone-field.tsx';

/** When people are reminded, when admins join, and at which hours no mail goes out. */
export function ReminderFields(props: PolicyFieldsProps) {
  const { draft, faults, onChange } = props;
  return (
    <section className="panel" aria-labelledby="reminders">
      <h2 id="reminders">Reminders</h2>
      <div className="stack">
        <TextInput
          {...fieldAt('reminders_days', faults)}
          label="Remind after (days)"
          description="Counted from the first mail, with commas between: 1, 3, 7. Half a day is 0.5."
          value={draft.remindersDays}
          onChange={(event) => onChange({ remindersDays: valueOf(event) })}
        />
        <div className="field-pair">
          <TextInput
            {...fieldAt('reminder_repeat_days', faults)}
            label="Then every (days)"
            description="Until the channel works again; empty: never"
            inputMode="decimal"
            value={draft.repeatDays}
            onChange={(event) => onChange({ repeatDays: valueOf(event) })}
          />
          <TextInput
            {...fieldAt('admins_join_after_days', faults)}
            label="Admins join after (days)"
            description="Once the owner has done nothing for so long"
            inputMode="decimal"
            value={draft.joinDays}
            onChange={(event) => onChange({ joinDays: valueOf(event) })}
          />
        </div>
        <Checkbox
          label="Join several broken channels of one person in one mail"
          description="Those that break within 10 minutes of the first. Otherwise each has a mail of its own."
          checked={draft.digest}
          onChange={(event) => onChange({ digest: event.currentTarget.checked })}
        />
        <QuietFields {...props} />
      </div>
    </section>
  );
}

function QuietFields({ draft, faults, onChange }: PolicyFieldsProps) {
  return (
    <>
      <Checkbox
        label="Quiet hours"
        description="Reminders wait until they are over. A person’s own time zone goes before the one here."
        checked={draft.isQuiet}
        onChange={(event) => onChange({ isQuiet: event.currentTarget.checked })}
      />
      {draft.isQuiet && (
        <div className="indented stack">
          <div className="field-triple">
            <TextInput
              {...fieldAt('quiet_hours.from', faults)}
              type="time"
              label="From"
              value={draft.quietFrom}
              onChange={(event) => onChange({ quietFrom: valueOf(event) })}
            />
            <TextInput
              {...fieldAt('quiet_hours.to', faults)}
              type="time"
              label="To"
              value={draft.quietTo}
              onChange={(event) => onChange({ quietTo: valueOf(event) })}
            />
            <TimeZoneField
              {...fieldAt('quiet_hours.time_zone', faults)}
              label="Time zone"
              value={draft.quietZone}
              onChange={(quietZone) => onChange({ quietZone })}
            />
          </div>
          <Checkbox
            label="The first mail of a problem waits as well"
            description="Otherwise it goes at once, because mail is missing from then on."
            checked={draft.quietFirst}
            onChange={(event) => onChange({ quietFirst: event.currentTarget.checked })}
          />
        </div>
      )}
    </>
  );
}
