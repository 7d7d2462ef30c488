package limit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"atrium/bff/limit"
	"atrium/tenants/document"
)

func ExampleLimiter_Take() {
	l := limit.New(limit.Options{Now: func() time.Time { return time.Unix(1000, 0) }})
	defer l.Close()
	subject := limit.Subject{
		Client:    "user:7",
		Requests:  []document.Rate{{Quota: 600, Window: time.Minute}},
		PerClient: []document.Rate{{Quota: 1, Window: time.Minute}},
	}
	for range 2 {
		d := l.Take(context.Background(), "acme", subject, 1)
		h := map[string][]string{}
		d.WriteHeaders(h)
		fmt.Println(d.Allowed, h["Ratelimit"], h["Retry-After"])
		if e, ok := errors.AsType[*limit.Exceeded](d.Err()); ok {
			fmt.Println(e.Code, e.Limit())
		}
	}
	// Output:
	// true ["tenant";r=599;t=60, "client";r=0;t=60] []
	// false ["tenant";r=599;t=60, "client";r=0;t=60] [60]
	// limit-client 1/1m requests per client
}
