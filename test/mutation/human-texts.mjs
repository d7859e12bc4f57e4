/** Texts for people, which change no decision: the third argument of `refuse`, and constants with one of these names. */
const isText = (path) => {
  const { parentPath, listKey, key } = path;
  if (listKey === 'arguments') return key === 2 && parentPath?.node.callee?.name === 'refuse';
  return (
    parentPath?.isVariableDeclarator() === true &&
    ['allowed', 'detail', 'reasons', 'text'].includes(parentPath.node.id.name)
  );
};

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'human-texts',
    value: { shouldIgnore: (path) => (isText(path) ? 'a text for people' : undefined) },
  },
];
