/** Collects the log lines of the functions; all other output goes to the terminal. */
export const watchLog = (): { readonly taken: () => string; readonly stop: () => void } => {
  let logged = '';
  const watched = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream);
    Object.assign(stream, {
      write: (chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
        const text = String(chunk);
        if (!text.startsWith('{"')) return Reflect.apply(write, stream, [chunk, ...rest]);
        logged += text;
        return true;
      },
    });
    return () => Object.assign(stream, { write });
  });
  return {
    taken: () => {
      const all = logged;
      logged = '';
      return all;
    },
    stop: () => {
      for (const stop of watched) stop();
    },
  };
};
