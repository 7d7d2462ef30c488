package chat

import (
	"net/http"

	"atrium/tenants"
)

// ServeGeneration answers GET of a tenant's generation: as a stream in the dialect asked for, or in the one it was
// started with, from ?after= or Last-Event-ID on; as an object when the client accepts application/json; and with 204 when
// it has ended and the client has it all. Errors are those of ServeChat, and a problem with the cause ErrNotFound for what
// the tenant does not have.
func (g *Generations) ServeGeneration(w http.ResponseWriter, r *http.Request, tenant tenants.ID, id string) error {
	gen, done, err := g.lookUp(r.Context(), tenant, id)
	if err != nil {
		return err
	}
	defer done()
	dialect, err := dialectOf(r, gen.dialect)
	if err != nil {
		return err
	}
	after, err := afterOf(r)
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, gen.document())
		return nil
	}
	v := gen.join()
	defer gen.leave(v)
	w.Header().Set(Header, gen.id)
	return g.show(w, r, gen, v, dialect, after)
}

// ServeResume answers useChat's GET <chat route>/{chatId}/stream: the running answer of a chat, from its start unless the
// client says where it left off, or 204 when there is nothing to resume.
func (g *Generations) ServeResume(w http.ResponseWriter, r *http.Request, c Call, chatID string) error {
	gen, done := g.latest(r.Context(), c.Tenant, chatKey{route: c.Route, owner: c.Owner, chat: chatID})
	defer done()
	if gen == nil || !gen.resumable(r.Context()) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	dialect, err := dialectOf(r, UI)
	if err != nil {
		return err
	}
	after, err := afterOf(r)
	if err != nil {
		return err
	}
	v := gen.join()
	defer gen.leave(v)
	w.Header().Set(Header, gen.id)
	return g.show(w, r, gen, v, dialect, after)
}

// ServeStop answers DELETE of a tenant's generation with 204.
func (g *Generations) ServeStop(w http.ResponseWriter, r *http.Request, tenant tenants.ID, id string) error {
	err := g.Stop(tenant, id)
	if err != nil && g.opts.Shared != nil {
		err = g.stopElsewhere(r.Context(), tenant, id)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
