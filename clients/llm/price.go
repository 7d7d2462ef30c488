package llm

import "math"

// A Price is what a million tokens cost. Cached input and reasoning are counted as the input and output that they are
// part of.
type Price struct {
	Currency      string // as the API document spells it; may be ""
	Input, Output float64
}

// A Cost is an amount of money.
type Cost struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency,omitempty"`
}

// Cost is what tokens cost. It is as sure as the usage is: see Usage.Estimated.
func (p Price) Cost(u Usage) Cost {
	return Cost{Amount: amount((p.Input*float64(u.Input) + p.Output*float64(u.Output)) / 1e6), Currency: p.Currency}
}

// Plus adds a cost in the same currency; ok is false when it is in another.
func (c Cost) Plus(other Cost) (sum Cost, ok bool) {
	return Cost{Amount: amount(c.Amount + other.Amount), Currency: c.Currency}, c.Currency == other.Currency
}

// amount rounds to what a token may cost, so that sums have no tails of binary fractions.
func amount(x float64) float64 { return math.Round(x*1e9) / 1e9 }
