package admin

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/tenants/document"
)

// description is the OpenAPI document of the admin API itself.
//
//go:embed openapi.yaml
var description []byte

// Description is the OpenAPI 3.1 document of the admin API, as JSON.
func Description() ([]byte, error) {
	root, issues := document.Parse("openapi.yaml", description)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	return append(root.JSON(), '\n'), nil
}

func (a *api) describe(c *gin.Context) error {
	text, err := Description()
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "application/json", text)
	return nil
}
