package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	openai "github.com/sashabaranov/go-openai"

	"atrium/clients"
	"atrium/clients/rawjson"
)

// Complete asks a model for an answer that does not stream, and returns its JSON as sent. body is the exact JSON to
// send. usage is nil when the model told none. Errors are those of Stream.
func (c *Client) Complete(ctx context.Context, m *Model, body []byte) (answer []byte, usage *Usage, err error) {
	ctx, k := c.newCall(ctx, m, operationChat, body, false)
	_, err = openai.NewClientWithConfig(m.config(k)).
		CreateChatCompletion(ctx, openai.ChatCompletionRequest{Model: m.deployment()})
	return k.finishWhole(err)
}

// Embed asks a model for embeddings. It is Complete for the operation embeddings.
func (c *Client) Embed(ctx context.Context, m *Model, body []byte) (answer []byte, usage *Usage, err error) {
	ctx, k := c.newCall(ctx, m, operationEmbeddings, body, false)
	_, err = openai.NewClientWithConfig(m.config(k)).
		CreateEmbeddings(ctx, openai.EmbeddingRequest{Model: openai.EmbeddingModel(m.deployment())})
	return k.finishWhole(err)
}

func (c *call) finishWhole(err error) ([]byte, *Usage, error) {
	if c.whole == nil {
		failed := c.failure(err)
		c.end(failed)
		return nil, nil, failed
	}
	chunk, failed, err := parse(c.whole)
	switch {
	case err != nil:
		err = c.named(contract(err))
	case failed != nil:
		err = c.named(inBand(c.whole))
	case c.operation == operationChat && chunk.Choices <= 0:
		err = c.named(contract(errors.New("the answer has no choices")))
	}
	c.span.chunk(&chunk)
	c.end(err)
	if err != nil {
		return nil, nil, err
	}
	return c.whole, chunk.Usage, nil
}

// readWhole keeps an answer that does not stream and leaves go-openai an empty one to decode: its types would drop what
// they do not know.
func (c *call) readWhole(res *http.Response) error {
	limit := c.client.opts.MaxAnswer
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	_ = res.Body.Close() // it was read
	if len(body) > limit {
		return &clients.Error{Kind: clients.TooLarge, Err: fmt.Errorf("the answer is longer than %d bytes", limit)}
	}
	if err := rawjson.Valid(body); err != nil {
		return contract(fmt.Errorf("the answer is no JSON: %w", err))
	}
	c.whole = body
	res.Body = io.NopCloser(bytes.NewReader([]byte("{}")))
	return nil
}

// errorMember returns the error of a JSON answer; nil when there is none or it is no JSON.
func errorMember(body []byte) []byte {
	_, failed, err := parse(body)
	if err != nil {
		return nil
	}
	return failed
}
