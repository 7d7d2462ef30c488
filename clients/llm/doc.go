// Package llm calls chat models behind OpenAI-compatible servers: OpenAI, Azure, and whatever speaks Chat Completions.
//
// go-openai makes the requests and reads the frames, through its HTTP client seam:
//
//	Client.Stream -> go-openai -> call.Do -> http.RoundTripper -> the model
//	Stream.Recv   <- go-openai <- frames  <- clients/sse       <-
//
// call puts in the exact bytes to send, so that no field is lost on the way up. frames hands go-openai one clean data
// line a time and parses a side view of it, so that no field, error or last frame is lost on the way down: comments
// and event: lines vanish, an in-band error becomes a Go error, and a stream that ends without a finish reason is
// a failure and not an end.
package llm
