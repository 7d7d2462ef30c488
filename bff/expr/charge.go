package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// charges price a call by the size of what goes in and comes out.
type charges struct{}

var (
	_ cost.ActualCostEstimator = charges{}
	_ cost.Estimator           = charges{}
)

// Units of cost for sizes: about as long as one step of an expression takes.
const (
	bytesPerUnit = 32
	elemsPerUnit = 2
)

// CallCost implements cost.ActualCostEstimator.
func (charges) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	if len(args) == 0 || function == "size" {
		return nil
	}
	if _, ok := args[0].(traits.MutableLister); ok {
		return nil
	}
	total := weigh(result)
	for _, arg := range args {
		total += weigh(arg)
	}
	if total == 0 {
		return nil // one unit
	}
	total++
	if function == "sort" || function == "@sortByAssociatedKeys" || function == "distinct" {
		total *= 32
	}
	return &total
}

// minimum returns what an expression costs at least, whatever it is given.
func minimum(checked *ast.AST) uint64 {
	least, err := cost.Cost(checked, charges{})
	if err != nil {
		return 0
	}
	return least.Min
}

// EstimateCallCost implements cost.Estimator: CEL's own estimate will do for a lower bound.
func (charges) EstimateCallCost(string, string, *cost.AstNode, []cost.AstNode) *cost.CallEstimate {
	return nil
}

// EstimateSize implements cost.Estimator: what is given may be empty.
func (charges) EstimateSize(cost.AstNode) *cost.SizeEstimate { return nil }

func weigh(v ref.Val) uint64 {
	switch v := v.(type) {
	case types.String:
		return uint64(len(v)) / bytesPerUnit
	case types.Bytes:
		return uint64(len(v)) / bytesPerUnit
	case *object:
		return uint64(len(v.raw)) / bytesPerUnit
	case *list:
		return uint64(len(v.raw)) / bytesPerUnit
	case traits.Lister:
		return uint64(max(0, size(v))) / elemsPerUnit
	}
	return 0
}
