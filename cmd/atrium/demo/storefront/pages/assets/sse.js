// events reads a text/event-stream: yields {event, data, id}.
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let next = { event: "message", data: [] };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      // A line may end in CR LF, LF or CR; a final CR may be the first half of CR LF.
      for (let m; (m = /\r\n|\n|\r(?!$)/.exec(rest)); ) {
        const line = rest.slice(0, m.index);
        rest = rest.slice(m.index + m[0].length);
        if (line === "") {
          if (next.data.length) yield { ...next, data: next.data.join("\n") };
          next = { event: "message", data: [] };
          continue;
        }
        const [, name, text] = /^([^:]*):? ?(.*)$/s.exec(line);
        if (name === "data") next.data.push(text);
        else if (name === "event" || name === "id") next[name] = text;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
