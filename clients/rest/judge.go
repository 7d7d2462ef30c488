package rest

import (
	"context"
	"errors"
	"strings"

	"atrium/tenants/document"

	"github.com/getkin/kin-openapi/openapi3"
)

const shownJudgements = 20

// judge asks a second reader whether the document is OpenAPI, which looks also at what no call uses. What it finds
// fault with though calls are well without is let pass: documents of others cannot be made perfect.
//
// The reader gets an outline, as JSON: no aliases, no reference out of the document, and no schemas, on which it spends
// time that grows with the square of their number.
func judge(root *document.Node) (issues document.Issues) {
	defer func() {
		if p := recover(); p != nil { // it has met documents before that it could not cope with
			issues = document.Issues{root.Issue("the document is beyond what can be read: %v", p)}
		}
	}()
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = false
	doc, err := loader.LoadFromData(appendOutline(nil, root))
	if err != nil {
		return document.Issues{root.Issue("not an OpenAPI document: %v", err)}
	}
	err = doc.Validate(context.Background(), openapi3.EnableMultiError(), openapi3.DisableExamplesValidation())
	for _, one := range flatten(err) {
		if !isHarmless(one) && len(issues) < shownJudgements {
			issues = append(issues, place(root, one))
		}
	}
	return issues.Sort()
}

func flatten(err error) []error {
	if many, ok := errors.AsType[openapi3.MultiError](err); ok {
		var all []error
		for _, one := range many {
			all = append(all, flatten(one)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// isHarmless tells the faults that change no call.
func isHarmless(err error) bool {
	return is[*openapi3.ConflictingPathsError](err) || is[*openapi3.PathParametersError](err) ||
		is[*openapi3.ExtraSiblingFieldsError](err) || is[*openapi3.FieldVersionMismatchError](err) ||
		is[*openapi3.DuplicateTagError](err) || is[*openapi3.DuplicateRequiredFieldError](err) ||
		is[*openapi3.ServerURLTemplateError](err) || is[*openapi3.ExternalDocsURLValidationError](err) ||
		is[*openapi3.SecurityRequirementSchemeUndefinedError](err) || is[*openapi3.LicenseNameRequired](err) ||
		is[*openapi3.InfoTitleRequired](err) || is[*openapi3.InfoVersionRequired](err) ||
		is[*openapi3.LinkOperationIDOrRefRequired](err) || is[*openapi3.ContentKeysOverlapError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// place finds the part of the document that a fault is in.
func place(root *document.Node, err error) document.Issue {
	at := root
	pointer := ""
	if e, ok := errors.AsType[*openapi3.SectionValidationError](err); ok {
		pointer = document.PointerTo("", e.Section)
	}
	if e, ok := errors.AsType[*openapi3.PathValidationError](err); ok {
		pointer = document.PointerTo("/paths", e.Path)
		if e, ok := errors.AsType[*openapi3.OperationValidationError](err); ok {
			pointer = document.PointerTo(pointer, strings.ToLower(e.Method))
		}
	}
	if n := root.At(pointer); n != nil {
		at = n
	}
	return at.Issue("not OpenAPI: %s", oneLine(err))
}

func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if len(line) > 300 {
		line = line[:300] + "..."
	}
	return line
}
