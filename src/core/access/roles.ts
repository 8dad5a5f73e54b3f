/** What a token may do: `read` looks, `deploy` also changes what runs, `admin` also says who may do what. */
export const accessRoles = ["read", "deploy", "admin"] as const;

export type AccessRole = (typeof accessRoles)[number];

/** Each role may do all that the one before it may. */
export function includesRole(has: AccessRole, needs: AccessRole): boolean {
  return accessRoles.indexOf(has) >= accessRoles.indexOf(needs);
}
