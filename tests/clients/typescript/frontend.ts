// A frontend's use of a tenant's API: every path, parameter and field is typed by the tenant's OpenAPI document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

export function connect(baseUrl: string, headers: Record<string, string>) {
  return createClient<paths>({ baseUrl, headers });
}

type Client = ReturnType<typeof connect>;

export async function summary(client: Client, id: string): Promise<string> {
  const { data, error } = await client.GET("/dashboard/{id}", { params: { path: { id } } });
  if (error) throw new Error(`${error.code}: ${error.errors?.map((e) => e.message).join(", ") ?? error.title}`);
  const totals: number[] = data.recentOrders.map((order) => order.total);
  const offers: string[] = data.offers?.map((offer: components["schemas"]["Offer"]) => offer.title) ?? [];
  return `${data.name}: ${totals.length} orders, ${offers.length} offers, orders ${data.parts.orders.outcome}`;
}

export async function customers(client: Client, limit: number): Promise<string[]> {
  const { data } = await client.GET("/customers", { params: { query: { limit } } });
  return (data?.items ?? []).map((c) => c?.name ?? "");
}

export async function order(client: Client, customerId: string, sku: string) {
  const { data, error, response } = await client.POST("/orders", { body: { customerId, items: [{ sku, quantity: 1 }] } });
  return { status: response.status, id: data?.id, code: error?.code };
}
