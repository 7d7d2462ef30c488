// Package console is the operators' web page: the last traces, the documents and the state of the server.
//
// Its files are embedded as they are written: plain HTML, CSS and ES modules, no build step, and nothing is loaded from
// elsewhere. The page asks for the admin token, keeps it for the browser tab and sends it with each call of the admin
// API; the files themselves hold no data and need no token. A strict Content-Security-Policy without inline code goes
// with every one of them.
package console
