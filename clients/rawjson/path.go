package rawjson

// A Seg is one step of a Path: the name of an object's member or, when IsIndex, the index of a list's element.
type Seg struct {
	Name    string
	Index   int
	IsIndex bool
}

// A Path leads from a value to a value inside it. The empty Path is the value itself.
type Path []Seg
