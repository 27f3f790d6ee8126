// Which screen an address means.
import { memo } from "react";
import { Redirect, Route, Switch } from "wouter";
import { useBooks } from "../api/books";
import { VoucherScreen } from "../forms/voucherscreen";
import { NumbersScreen } from "../lists/numbers";
import { SyncScreen } from "../lists/syncscreen";
import { VoucherList } from "../lists/voucherlist";
import { ReportScreen } from "../reports/reportscreen";
import { Balances } from "../settings/balances";
import { CatalogScreen } from "../settings/catalogscreen";
import { CompanyScreen } from "../settings/company";
import { Locks } from "../settings/locks";
import { Setup } from "../settings/setup";
import { Users } from "../settings/users";
import { Home } from "./home";

export const Pages = memo(function Pages({ empty }: { empty: boolean }) {
  const { spec } = useBooks();
  if (empty) return <Setup />;
  return (
    <Switch>
      <Route path="/">
        <Home />
      </Route>
      <Route path="/v/:type">
        {({ type }) => {
          const voucher = spec.voucher_types.find((item) => item.code === type);
          return voucher ? <VoucherList key={type} voucher={voucher} /> : <Redirect to="/" />;
        }}
      </Route>
      <Route path="/v/:type/new">
        {({ type }) => {
          const voucher = spec.voucher_types.find((item) => item.code === type);
          return voucher ? <VoucherScreen key={`new ${type}`} voucher={voucher} id="" /> : <Redirect to="/" />;
        }}
      </Route>
      <Route path="/voucher/:id">{({ id }) => <VoucherScreen key={id} voucher={null} id={id ?? ""} />}</Route>
      <Route path="/report/:code">
        {({ code }) => {
          const report = spec.reports.find((item) => item.code === code);
          return report ? <ReportScreen key={code} report={report} /> : <Redirect to="/" />;
        }}
      </Route>
      <Route path="/catalog/:kind">
        {({ kind }) => {
          const catalog = spec.catalogs.find((item) => item.name === kind);
          return catalog ? <CatalogScreen key={kind} kind={catalog} /> : <Redirect to="/" />;
        }}
      </Route>
      <Route path="/sync">
        <SyncScreen />
      </Route>
      <Route path="/numbers">
        <NumbersScreen />
      </Route>
      <Route path="/balances">
        <Balances />
      </Route>
      <Route path="/settings/company">
        <CompanyScreen />
      </Route>
      <Route path="/settings/locks">
        <Locks />
      </Route>
      <Route path="/settings/users">
        <Users />
      </Route>
      <Route>
        <Redirect to="/" />
      </Route>
    </Switch>
  );
});
