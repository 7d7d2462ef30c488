package bff_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// The secret text in the answers stands for what must appear nowhere.
func TestBrokenContract(t *testing.T) {
	up := new(crm)
	h := start(t, up, documents())
	up.instead("/orders", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[{"id":"o-1","total":1},{"id":"o-2","total":"classified"}]}`)
	})
	a := h.get("/customers/17")
	if a.status != http.StatusOK || !strings.Contains(a.body, `"orders":[]`) || !strings.Contains(a.body, `"reason":"contract"`) ||
		!strings.Contains(a.header.Get("Atrium-Parts"), "orders=defaulted;reason=contract;ms=") {
		t.Errorf("a part with a default: %d %s %s", a.status, a.body, a.header.Get("Atrium-Parts"))
	}
	up.instead("/customers/17", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"17","name":["classified"]}`)
	})
	b := h.get("/customers/17")
	if p := b.problem(t); p.Status != http.StatusBadGateway || p.Code != "upstream-contract" {
		t.Errorf("a required part: %s", b.body)
	}
	traces := h.adminDo(http.MethodGet, "/admin/v1/traces/"+a.header.Get("X-Trace-Id"), "").body +
		h.adminDo(http.MethodGet, "/admin/v1/traces/"+b.header.Get("X-Trace-Id"), "").body
	for _, want := range []string{"crm.listOrders", "/items/1/total", "number", "crm.getCustomer", "/name", "list"} {
		text, _ := json.Marshal(want)
		if !strings.Contains(traces, string(text)) {
			t.Errorf("the traces do not say %s: %s", want, traces)
		}
	}
	metrics := h.adminDo(http.MethodGet, "/metrics", "").body
	for _, call := range []string{"crm.listOrders", "crm.getCustomer"} {
		if !strings.Contains(metrics, `atrium_view_contract_breaches_total{atrium_call="`+call+`"`) {
			t.Errorf("no metric of %s", call)
		}
	}
	for where, text := range map[string]string{"a body": a.body + b.body, "a trace": traces, "a metric": metrics, "the log": h.log.String()} {
		if strings.Contains(text, "classified") {
			t.Errorf("%s shows a value: %s", where, text)
		}
	}
	if log := h.log.String(); !strings.Contains(log, "crm.getCustomer: contract: /name: want string, found list") {
		t.Errorf("the log does not say what is wrong: %s", log)
	}
}
