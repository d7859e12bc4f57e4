/** A value the stack gives every function through its environment. */
export const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`The environment lacks ${name}`);
  return value;
};
