export { httpMemberSource } from "./http-member-source.js";
export type {
  HttpMemberSourceOptions,
  ListOptions,
  LoginOptions,
  MemberFields,
  MemberOptions,
  PagingOptions,
  PurchaseFields,
  PurchasesOptions,
  WriteOptions,
} from "./options.js";
