package expr

import "atrium/clients/schema"

func (c *compiler) cel(offset int, src string) (node, *schema.Type) {
	c.report(offset, "want a path, found %s", src)
	return nil, nil
}
