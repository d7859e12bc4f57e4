/** What the functions say goes here instead of to the terminal; everything else goes on. */
export const watchLog = (): { readonly taken: () => string; readonly stop: () => void } => {
  let said = '';
  const watched = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    Object.assign(stream, {
      write: (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
        const text = String(chunk);
        if (!text.startsWith('{"')) return Reflect.apply(write, stream, [chunk, ...rest]);
        said += text;
        return true;
      },
    });
    return () => Object.assign(stream, { write });
  });
  return {
    taken: () => {
      const all = said;
      said = '';
      return all;
    },
    stop: () => {
      for (const stop of watched) stop();
    },
  };
};
