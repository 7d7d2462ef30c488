package tenants

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// fleet is a folder with so many tenants of one API, each with a host of its own.
func fleet(n int) map[string]string {
	files := map[string]string{"apis/shop.yaml": "vars: [brand]", "plans/pro.yaml": `{requests: ["6000/1m"], streams: 50}`}
	for i := range n {
		files[fmt.Sprintf("tenants/t%06d.yaml", i)] = fmt.Sprintf(`api: shop
hosts: [shop.t%06d.example.com]
plan: pro
vars: { brand: Brand %d, crmUrl: "https://crm.t%06d.example.com", shopUrl: "https://shop.t%06d.example.com" }
secrets: { crmToken: { value: "token-%06d" } }
auth:
  apiKeys: [{ id: web, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" }]
cors: { origins: ["https://t%06d.example.com"] }
limits: { perClient: ["60/1m"] }
`, i, i, i, i, i, i)
	}
	return files
}

func eachFleet(b *testing.B, bench func(b *testing.B, d *testDirectory)) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) {
			bench(b, load(b, fleet(n)))
		})
	}
}

func BenchmarkResolve(b *testing.B) {
	eachFleet(b, func(b *testing.B, d *testDirectory) {
		for _, c := range []struct{ name, host, header string }{
			{"subdomain", "t000007.localhost:8080", ""},
			{"host", "shop.t000007.example.com", ""},
			{"header", "localhost:8080", "t000007"},
			{"unknown", "nobody.localhost", ""},
		} {
			b.Run(c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _, _ = d.Resolve(c.host, c.header)
				}
			})
		}
	})
}

func BenchmarkApply(b *testing.B) {
	eachFleet(b, func(b *testing.B, d *testDirectory) {
		text := fleet(10)["tenants/t000007.yaml"]
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			d.put("tenants/t000007.yaml", fmt.Sprintf("%s# %d", text, i))
		}
	})
}

// BenchmarkApplyAPI changes what all tenants share.
func BenchmarkApplyAPI(b *testing.B) {
	eachFleet(b, func(b *testing.B, d *testDirectory) {
		for i := 0; b.Loop(); i++ {
			d.put("apis/shop.yaml", fmt.Sprintf("vars: [brand] # %d", i))
		}
	})
}

func BenchmarkFollow(b *testing.B) {
	eachFleet(b, func(b *testing.B, d *testDirectory) {
		text := fleet(10)["tenants/t000007.yaml"]
		for i := 0; b.Loop(); i++ {
			d.store.write("tenants/t000007.yaml", fmt.Sprintf("%s# %d", text, i))
			d.reload()
		}
	})
}

// BenchmarkLoad is a start: documents in memory to tenants that serve.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprintf("tenants=%d", n), func(b *testing.B) {
			files := fleet(n)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var d *testDirectory
			for b.Loop() {
				d = load(b, files)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n)/float64(time.Microsecond), "µs/tenant")
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/tenant")
			runtime.KeepAlive(d)
		})
	}
}
