/** Texts that people read: changed, they change no decision. What `refuse` is given after code and place, and words in constants named so. */
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
