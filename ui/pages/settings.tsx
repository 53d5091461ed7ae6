import { Link, NavLink, Outlet, useMatch, useParams } from 'react-router';
import '../styles/settings.css';
import { BrandingSettings as Branding } from '../components/branding/branding-settings.tsx';
import { TenantList } from '../components/settings/tenant-list.tsx';
import { TenantPolicy } from '../components/settings/tenant-policy.tsx';

/** The frame of the settings: what belongs to a tenant, and what to the installation. */
export function SettingsPage() {
  const isBranding = useMatch('/settings/branding') !== null;
  return (
    <>
      <title>Settings – Mooring</title>
      <div className="page-head">
        <h1>Settings</h1>
        <nav aria-label="Settings" className="chips">
          <Link className="chip" to="/settings" aria-current={isBranding ? undefined : 'page'}>
            Tenants
          </Link>
          <NavLink className="chip" to="/settings/branding">
            Branding
          </NavLink>
        </nav>
      </div>
      <Outlet />
    </>
  );
}

export function TenantsSettings() {
  return (
    <>
      <p className="lead">Whom Mooring tells when a channel breaks, how often, and in which language: per tenant.</p>
      <TenantList />
    </>
  );
}

export function BrandingSettings() {
  return (
    <>
      <title>Branding – Mooring</title>
      <p className="lead">How connect pages and mails look, for every tenant. People see your product, not Mooring.</p>
      <Branding />
    </>
  );
}

export function TenantSettings() {
  const { tenant = '' } = useParams();
  return (
    <>
      <title>{`Settings of ${tenant} – Mooring`}</title>
      <h2 className="settings-of address">{tenant}</h2>
      <TenantPolicy key={tenant} tenant={tenant} />
    </>
  );
}
