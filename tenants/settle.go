package tenants

import (
	"atrium/tenants/document"
)

// settle decides which tenants have the hosts that they name, and returns the index of hosts. A host belongs to whoever
// has it already, else to the first by id; a tenant that does not get all of its hosts does not serve its new revision,
// and keeps the hosts of the old one. A host <id>.<base domain> belongs to the tenant with that id.
func settle[A, R any](
	base baseDomain, hosts *index[ID], before *index[*tenantEntry[A, R]], tries []*try[A, R],
) index[ID] {
	s := &settlement[A, R]{base: base, before: before, tries: make(map[string]*try[A, R], len(tries))}
	for _, t := range tries {
		s.tries[t.name] = t
	}
	for {
		s.hosts = hosts.edit()
		if s.move(tries) {
			return s.hosts.index
		}
		// Somebody fell back to hosts that another may have been given: decide again without them.
	}
}

type settlement[A, R any] struct {
	base   baseDomain
	hosts  *editor[ID]
	before *index[*tenantEntry[A, R]]
	tries  map[string]*try[A, R]
}

// move releases the hosts of all that move and gives them to those that name them. It reports false when a tenant
// that served before was refused.
func (s *settlement[A, R]) move(tries []*try[A, R]) bool {
	for _, t := range tries {
		if t.doc != nil && (!t.serves() || t.unchanged() != nil) {
			continue // its hosts are those that it had
		}
		for _, host := range t.hadHosts() {
			s.hosts.delete(host)
		}
	}
	settled := true
	for _, t := range tries {
		if !t.serves() || t.unchanged() != nil {
			continue
		}
		if issues := s.claim(t); len(issues) > 0 {
			for _, issue := range issues {
				t.refuse(issue)
			}
			settled = settled && len(t.hadHosts()) == 0
		}
	}
	return settled
}

// claim gives a tenant its hosts, all or none.
func (s *settlement[A, R]) claim(t *try[A, R]) document.Issues {
	var issues document.Issues
	id := ID(t.name)
	if owner, taken := s.hosts.get(s.base.host(id)); taken && owner != id {
		issues = append(issues, document.Issue{
			File: t.doc.Path, Message: "the host " + s.base.host(id) + " belongs to tenant " + string(owner),
		})
	}
	wanted := t.value.tenant.Spec.Hosts
	for i, host := range wanted {
		owner, taken := s.owner(host)
		if taken && owner != id {
			issues = append(issues, t.hostIssue(i, host, owner))
		}
	}
	if len(issues) == 0 {
		for _, host := range wanted {
			s.hosts.set(host, id)
		}
	}
	return issues
}

// owner says whose a host is: by name, or because it is <id>.<base domain>.
func (s *settlement[A, R]) owner(host string) (ID, bool) {
	if owner, taken := s.hosts.get(host); taken {
		return owner, true
	}
	label, below := s.base.below(host)
	if !below {
		return "", false
	}
	if t, moves := s.tries[label]; moves && (t.doc == nil || t.serves()) {
		return ID(label), t.doc != nil
	}
	e, ok := s.before.get(label)
	return ID(label), ok && e.serving != nil
}

func (t *try[A, R]) hostIssue(i int, host string, owner ID) document.Issue {
	root, _ := document.Parse(t.doc.Path, t.doc.Text)
	node := root.Get("hosts")
	if node == nil || i >= len(node.Items) {
		return document.Issue{File: t.doc.Path, Pointer: "/hosts", Message: "the host " + host + " is taken"}
	}
	return node.Items[i].Issue("the host %s belongs to tenant %s", host, owner)
}
