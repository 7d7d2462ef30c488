// Package api is the API document: what it may say, decoded strictly, and checked for all that needs no types.
// Types are checked where they are used: in bff/view for views, in bff/chat for chats.
package api
