// The line for live values is opened while the pages' program is still on its way: what is shown first is live.
window.early = { socket: new WebSocket(new URL("api/v1/live", location.href.replace(/^http/, "ws"))), messages: [] };
window.early.socket.onmessage = (event) => window.early.messages.push(event);
